/** The file that `--env-file` names; null for `.env` in the working directory, if there is one. */
let chosen: string | null = null

/** Makes this process read its settings from a file. */
export function chooseEnvFile(file: string): void {
  chosen = file
}

export function chosenEnvFile(): string | null {
  return chosen
}
