declare module 'fxa-common-password-list' {
  const leaked: { test(password: string): boolean }
  export default leaked
}
