import { Type } from '../endpoint/schema.ts'

/**
 * The body of requests about one token (RFC 7662, 2.1; RFC 7009, 2.1). A hint about its type says nothing that the token
 * does not say.
 *
 * @param example Postman takes the example of a form from its fields
 */
export function tokenInForm(example: string) {
  return {
    bodyType: 'form or JSON',
    body: Type.Object({ token: Type.String({ example }) }),
    ignoredParameters: ['token_type_hint'],
  } as const
}
