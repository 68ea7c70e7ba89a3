import { expect } from 'chai';
import { withOrlop } from '../../support/orlop.ts';
import { requires } from '../../support/require.ts';

/** Looks at each process that is about to become a command, and says what it could see of it and do to it. */
const spy = `
my ($done, %all, $kept); $SIG{TERM} = sub { $done = 1 }; $| = 1; print "ready\n";
sub waits { open(my $file, "<", "/proc/$_[0]/comm") or return 0; return (<$file> // "") eq "orlop-init\n" }
while (!$done) {
  opendir(my $proc, "/proc") or die;
  for my $p (grep { /^\\d+$/ && $_ != 1 } readdir $proc) {
    next unless waits($p);
    my %seen = ("a process before its command" => 1);
    my $exe = readlink("/proc/$p/exe");
    $seen{"exe: " . ($exe // $!)} = 1;
    my $opened = open(my $file, "<", "/proc/$p/exe");
    my @root = stat("/proc/$p/root/."); my $error = "$!"; my @own = stat("/");
    $seen{"root: " . (@root ? "$root[0] $root[1]" eq "$own[0] $own[1]" ? "own" : "other" : $error)} = 1;
    for my $n (0 .. 30) {
      my $link = readlink("/proc/$p/fd/$n") // next;
      my @there = stat("/proc/$p/fd/$n") or next;
      # Otherwise it is another file by now.
      next unless (readlink("/proc/$p/fd/$n") // "") eq $link;
      my @own = map { my @of = @$_; "@of[0, 1]" } [stat($link)], [lstat($link)];
      my $is_own = grep { $_ eq "@there[0, 1]" } @own;
      $seen{"fd: " . ($is_own ? "own file" : $link =~ s/\\d+//gr)} = 1;
    }
    if (open(my $maps, "<", "/proc/$p/maps")) { while (<$maps>) { $seen{"map: $1"} = 1 if m{ ([/\\[].*)$} } }
    if (open(my $memory, "<", "/proc/$p/mem")) { $seen{"memory"} = 1 }
    # Otherwise it may have become the command meanwhile.
    next unless waits($p);
    %all = (%all, %seen);
    $kept = $file if $opened;
  }
}
# Nothing executes the file now.
if (defined $kept) {
  my $opened = open(my $again, "+<", "/proc/self/fd/" . fileno($kept));
  $all{"write: " . ($opened && defined syswrite($again, "x") ? "done" : $!)} = 1;
}
print map { "$_\n" } sort keys %all;
`;

describe('a container that watches what enters it', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'perl');
  const fixture = withOrlop();

  /** Executes commands in a container that spies on them. Their search for the program takes its time. */
  async function spied(capAdd: readonly string[]): Promise<string[]> {
    const container = await fixture().orlop.create('host', ['perl', '-MErrno', '-e', spy], { rm: true, capAdd });
    await using running = await container.start({ stderr: 'inherit' });
    const output = (running.stdout ?? expect.fail('no output')).setEncoding('utf8');
    let text = '';
    output.on('data', (part) => {
      text += part;
    });
    const path = [...Array.from({ length: 800 }, (_, number) => `/missing/${number}`), '/usr/bin'].join(':');
    while (!text.includes('ready')) await new Promise((resolve) => output.once('data', resolve));
    for (let i = 0; i < 60; i++) {
      expect((await container.exec(['true'], { env: { PATH: path } })).exitCode).to.equal(0);
    }
    running.kill('SIGTERM');
    expect((await running.exited).exitCode).to.equal(0);
    return text.trim().split('\n').slice(1);
  }

  const nothing = ['a process before its command', 'exe: Permission denied', 'root: Permission denied'];

  it('sees that there is a process, and nothing of it', async () => {
    expect(await spied([])).to.deep.equal(nothing);
  });

  it('finds nothing of the host with the right to trace it, and cannot write to its file', async () => {
    const seen = await spied(['SYS_PTRACE']);
    // The right is one of the user namespace, and the memory is not of that.
    if (process.getuid?.() !== 0) {
      expect(seen).to.deep.equal(nothing);
      return;
    }
    const [before, exe, ...rest] = seen;
    expect([before, exe]).to.deep.equal(['a process before its command', 'exe: /memfd:orlop-init (deleted)']);
    const root = rest.filter((one) => one.startsWith('root: '));
    expect(root).to.deep.equal(['root: own']);
    const written = rest.filter((one) => one.startsWith('write: '));
    expect(written).to.deep.equal(['write: Operation not permitted']);
    const files = seen.filter((one) => one.startsWith('fd: ')).map((one) => one.slice('fd: '.length));
    expect(files.filter((one) => !['pipe:[]', 'socket:[]', 'own file'].includes(one))).to.deep.equal([]);
    const maps = rest.filter((one) => one.startsWith('map: ')).map((one) => one.slice('map: '.length));
    expect(maps).to.include('/memfd:orlop-init (deleted)');
    expect(maps.filter((one) => !/^(\[.*\]|\/memfd:orlop-(init|progress) \(deleted\))$/.test(one))).to.deep.equal([]);
  });
});
