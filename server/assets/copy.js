// Shows the buttons that copy a command: without scripts they would do nothing, and the page sends them hidden.
const announcement = document.querySelector('[role=status]')

for (const button of document.querySelectorAll('button[data-copies]')) {
  const source = document.getElementById(button.dataset.copies)
  const label = button.textContent
  button.hidden = false
  button.addEventListener('click', async () => {
    const copied = await copy(source)
    button.textContent = copied ? 'Copied' : 'Selected'
    announcement.textContent = copied ? 'Copied' : 'Selected: copy it with the keyboard'
    setTimeout(() => {
      button.textContent = label
      announcement.textContent = ''
    }, 2000)
  })
}

// The clipboard is for pages over HTTPS or of this machine; elsewhere the command is at least selected.
async function copy(source) {
  getSelection().selectAllChildren(source)
  try {
    await navigator.clipboard.writeText(source.textContent)
    return true
  } catch {
    return document.execCommand('copy')
  }
}
