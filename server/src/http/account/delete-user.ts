import { Type } from 'typebox'
import { deleteUserFor } from '../../auth/account/delete-user.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { requireCaller } from '../guard/bearer.ts'

/** `DELETE /api/v1/users/:id` */
export const deleteUser = endpoint({
  about: {
    operationId: 'deleteUser',
    tag: 'Registration',
    summary: 'Delete a person, with their sessions',
    done: 'Deleted',
    detail: 'Oneself, or for an admin anybody, by id or GUID. Somebody else’s id is the same 404 as an unknown one.',
    refusals: ['user_not_found'],
  },
  params: { id: 'The id or the GUID.' },
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    await deleteUserFor(ctx, { caller: requireCaller(request), id: request.params.id, client: request.client })
    return reply.code(204).send()
  },
})
