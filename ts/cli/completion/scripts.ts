/** Shells with a completion script. */
export const shells = ['bash', 'fish', 'zsh'] as const;

export type Shell = (typeof shells)[number];

/**
 * The completion script of each shell. It asks the program (`orlop __complete`) about all commands, so that it fits
 * every version.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  // The script splits the line at blanks itself. Bash also splits at ':' and '=', which occur in our words; the part
  // that bash has split off is cut from the answers.
  bash: `# bash completion for orlop: source <(orlop completion bash)
_orlop() {
  local line=\${COMP_LINE:0:COMP_POINT} words current answer also
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[-1]}
  COMPREPLY=()
  while IFS= read -r answer; do
    case $answer in
      :*) also=\${answer#:} ;;
      *) COMPREPLY+=("\${answer%%$'\\t'*}") ;;
    esac
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  local path=\${current##*=}
  case $also in
    files) while IFS= read -r answer; do COMPREPLY+=("$answer"); done < <(compgen -f -- "$path") ;;
    directories) while IFS= read -r answer; do COMPREPLY+=("$answer"); done < <(compgen -d -- "$path") ;;
  esac
  [[ $also == files || $also == directories ]] && compopt -o filenames 2>/dev/null
  local cut=\${current%"\${current##*[:=]}"} at
  for at in "\${!COMPREPLY[@]}"; do COMPREPLY[at]=\${COMPREPLY[at]#"$cut"}; done
  case \${COMPREPLY[0]} in
    *:/ | *=) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -F _orlop orlop
`,
  fish: `# fish completion for orlop: orlop completion fish | source
function __orlop_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answers (command $words[1] __complete $words[2..-1] 2>/dev/null)
    for answer in $answers
        switch $answer
            case ':files'
                # Fish wants the whole word: the option with it.
                set -l option (string match -r '^--[^=]*=' -- (commandline -ct))
                for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- (commandline -ct)))
                    echo "$option$path"
                end
            case ':directories'
                __fish_complete_directories (commandline -ct)
            case ':*'
            case '*'
                echo $answer
        end
    end
end
complete -c orlop -f -a '(__orlop_complete)'
`,
  zsh: `#compdef orlop
# zsh completion for orlop: source <(orlop completion zsh)
_orlop() {
  local -a candidates
  local answer also value
  while IFS= read -r answer; do
    case $answer in
      :*) also=\${answer#:} ;;
      *)
        value=\${answer%%$'\\t'*}
        if [[ $answer == *$'\\t'* ]]; then
          candidates+=("\${value//:/\\\\:}:\${answer#*$'\\t'}")
        else
          candidates+=("\${value//:/\\\\:}")
        fi
        ;;
    esac
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#candidates )) && _describe -t candidates orlop candidates
  case $also in
    files) compset -P '--*='; _files ;;
    directories) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _orlop ]]; then _orlop "$@"; else compdef _orlop orlop; fi
`,
};
