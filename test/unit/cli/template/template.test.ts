import { expect } from 'chai';
import fc from 'fast-check';
import { compileTemplate } from '../../../../ts/cli/template/render.ts';
import { RequestError } from '../../../../ts/errors/index.ts';

const value = {
  Name: 'web',
  Id: 'f0',
  Label: (key: string) => `label ${key}`,
  Count: 3,
  Zero: 0,
  Empty: '',
  On: true,
  Nothing: null,
  List: ['a', 'b'],
  None: [],
  Labels: { z: '1', a: '2' },
  Mounts: [
    { Name: 'data', Destination: '/data', RW: true },
    { Name: 'logs', Destination: '/logs', RW: false },
  ],
  State: { Status: 'exited', ExitCode: 7 },
};

describe('a template', () => {
  const cases: readonly [template: string, text: string][] = [
    ['plain', 'plain'],
    ['{{.Name}}', 'web'],
    ['{{ .Name }}:{{.Count}}', 'web:3'],
    ['{{.State.ExitCode}}', '7'],
    ['{{.Id}} {{.ID}}', 'f0 f0'],
    ['{{.Label "a"}}|{{"z" | .Label}}', 'label a|label z'],
    ['{{print .Name .Name}}', 'webweb'],
    ['{{eq .Name .Name}}', 'true'],
    ['{{$.State.Status}}', 'exited'],
    ['{{.On}} {{.Zero}} {{.List}} {{.Labels}}', 'true 0 [a b] map[a:2 z:1]'],
    ['{{.Nothing}}', '<no value>'],
    ['a\\tb\\n', 'a\tb\n'],
    ['{{json .}}', JSON.stringify(value)],
    ['{{json .Mounts}}', JSON.stringify(value.Mounts)],
    ['{{.Labels | json}}', '{"z":"1","a":"2"}'],
    ['{{len .Mounts}} {{len .Name}} {{len .None}}', '2 3 0'],
    ['{{index .List 1}}', 'b'],
    ['{{index .Labels "a"}}', '2'],
    ['{{index .Labels "missing"}}', ''],
    ['{{(index .Mounts 1).Name}}', 'logs'],
    ['{{(index .Mounts 1).Destination | upper}}', '/LOGS'],
    ['{{range .Mounts}}{{.Name}} {{end}}', 'data logs '],
    ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Name}} {{end}}', '0=data 1=logs '],
    ['{{range $key, $value := .Labels}}{{$key}}={{$value}};{{end}}', 'a=2;z=1;'],
    ['{{range $m := .Mounts}}{{$m.Name}}{{end}}', 'datalogs'],
    ['{{range .None}}x{{else}}none{{end}}', 'none'],
    ['{{if .On}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .Empty}}yes{{else}}no{{end}}', 'no'],
    ['{{if .Zero}}a{{else if .On}}b{{else}}c{{end}}', 'b'],
    ['{{if .Zero}}a{{else if .Empty}}b{{else}}c{{end}}', 'c'],
    ['{{if eq .Name "web"}}yes{{end}}', 'yes'],
    ['{{if eq .Count 1 2 3}}yes{{end}}', 'yes'],
    ['{{if and .On (gt .Count 2)}}yes{{end}}', 'yes'],
    ['{{if or .Empty .Zero}}yes{{else}}no{{end}}', 'no'],
    ['{{or .Empty .Name}}', 'web'],
    ['{{if not .None}}yes{{end}}', 'yes'],
    ['{{ne .Name "x"}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}', 'true true true false'],
    ['{{with .State}}{{.Status}}{{end}}', 'exited'],
    ['{{with .Nothing}}a{{else}}b{{end}}', 'b'],
    ['{{$x := .Name}}{{$x}}', 'web'],
    ['{{$x := 1}}{{range .List}}{{$x = .}}{{end}}{{$x}}', 'b'],
    ['{{range .Mounts}}{{$.Name}}-{{end}}', 'web-web-'],
    ['{{join .List ", "}}', 'a, b'],
    ['{{index (split "a/b/c" "/") 1}}', 'b'],
    ['{{upper "x"}}{{lower "X"}}{{title "one two"}}', 'XxOne Two'],
    ['{{truncate "abcdef" 3}}|{{pad "x" 1 2}}|{{slice .Name 1}}|{{slice .Name 0 2}}', 'abc| x  |eb|we'],
    [
      '{{printf "%s=%d %q %5s|%-5s|%03d %.1f %x %t %%" .Name .Count "a" "b" "c" 7 1.5 255 .On}}',
      'web=3 "a"     b|c    |007 1.5 ff true %',
    ],
    ['{{println .Name}}', 'web\n'],
    ['{{"a}}b"}}{{`c"d`}}', 'a}}bc"d'],
    ['{{"a\\u0041"}}', 'aA'],
    ['a {{- .Name -}} b', 'awebb'],
    ['a {{-3}} b', 'a -3 b'],
    ['a{{/* comment {{ */}}b', 'ab'],
    ['{{true}} {{len "äb"}}', 'true 3'],
    ['{{if .On}}{{range .List}}{{if eq . "b"}}[{{.}}]{{end}}{{end}}{{end}}', '[b]'],
  ];
  for (const [template, text] of cases) {
    it(`renders ${template}`, () => {
      expect(compileTemplate(template)(value)).to.equal(text);
    });
  }

  for (const [template, message] of [
    ['{{.Name', /not closed/],
    ['{{if .On}}x', /\{\{if\}\} has no \{\{end\}\}/],
    ['{{end}}', /unexpected \{\{end\}\}/],
    ['{{else}}', /unexpected \{\{else\}\}/],
    ['{{if .On}}{{else}}{{else}}{{end}}', /two \{\{else\}\}/],
    ['{{}}', /value is missing/],
    ['{{.Name | }}', /value is missing/],
    ['{{(.Name}}', /'\)' is missing/],
    ['{{.Name)}}', /unexpected '\)'/],
    ['{{#}}', /unexpected '#'/],
    ['{{nope .}}', /there is no function 'nope'/],
    ['{{constructor .}}', /there is no function 'constructor'/],
    ['{{.Nmae}}', /there is no field 'Nmae'/],
    ['{{.constructor}}', /there is no field 'constructor'/],
    ['{{.State.Foo}}', /there is no field 'Foo'/],
    ['{{.Nothing.Foo}}', /there is no field 'Foo' in nothing/],
    ['{{.Name.Foo}}', /there is no field 'Foo' in 'web'/],
    ['{{$x}}', /there is no variable '\$x'/],
    ['{{index .List 5}}', /out of range/],
    ['{{index .List "a"}}', /cannot index/],
    ['{{.Name "x"}}', /only a function takes/],
    ['{{lt .Name 1}}', /cannot be compared/],
    ['{{printf "%z" 1}}', /does not know '%z'/],
    ['{{range .Name}}{{end}}', /neither a list nor a map/],
  ] as const) {
    it(`refuses ${template}`, () => {
      expect(() => compileTemplate(template)(value))
        .to.throw(RequestError, message)
        .with.property('message')
        .that.matches(/^template parsing error: /);
    });
  }

  it('names the near field', () => {
    expect(() => compileTemplate('{{.Nmae}}')(value))
      .to.throw(RequestError)
      .with.property('hint', `did you mean 'Name'?`);
  });

  it('never fails with anything but a RequestError', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '.Name',
      ' ',
      'if ',
      'end',
      'else',
      'range ',
      '$x',
      ':=',
      '|',
      '(',
      ')',
      '"',
      'len ',
      '-',
      '1',
      '.List',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        try {
          expect(compileTemplate(pieces.join(''))(value)).to.be.a('string');
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });
});
