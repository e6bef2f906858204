import describe from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** `tessera completion bash`: prints the script with which a shell completes commands, options and their values. */
export function completionCommand(program: Command, shell: string): void {
  const script = capture(() => describe(program, NAMES).setup(program.name(), program.name(), shell))
  process.stdout.write(shell === 'bash' ? forBash(script) : script)
}

/** `tessera complete -- users li`: prints the words that can stand in the place of the last one, for the script. */
export function completeCommand(program: Command, words: string[]): void {
  describe(program, NAMES).parse(words)
}

/** The names that the library gives to the two commands, when it lists them for completion. */
const NAMES = { completionCommandName: 'completion' }

/** The library prints scripts. */
function capture(print: () => void): string {
  const { log } = console
  let text = ''
  console.log = (line: string) => {
    text += `${line}\n`
  }
  try {
    print()
  } finally {
    console.log = log
  }
  return text
}

/** Splits words as bash does, where its completion package is not installed. */
const WITHOUT_PACKAGE = `declare -F _get_comp_words_by_ref >/dev/null || _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
}
`

/** The words before the cursor, quoted: the script evaluates them, and \`$(…)\` must not run at a press of the tab key. */
const QUOTED_WORDS = `$({ ((cword > 1)) || [[ -n $cur ]]; } && printf '%q ' "\${words[@]:1:cword-1}" \${cur:+"$cur"})`

/** Makes the script of bash one that can be loaded twice, needs no other package, and evaluates nothing that was typed. */
function forBash(script: string): string {
  return `${WITHOUT_PACKAGE}${script}`.replaceAll(/^readonly /gm, '').replace(/\$\{words\[@\]:1\}/, () => QUOTED_WORDS)
}
