import { deleteUserFor } from '../../auth/account/delete-user.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { requireCaller } from '../guard/bearer.ts'
import { USER_GUID_VARIABLE } from '../view/examples.ts'

/** `DELETE /api/v1/users/:id` */
export const deleteUser = endpoint({
  about: {
    operationId: 'deleteUser',
    tag: 'Registration',
    summary: 'Delete a user and their sessions',
    success: 'Deleted',
    detail:
      'Users can delete themselves; admins can delete any user. Any other id gets the same 404 as an unknown one.',
    refusals: ['user_not_found', 'last_admin'],
    examples: { params: { id: USER_GUID_VARIABLE } },
  },
  params: { id: 'The id or GUID of the user.' },
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    await deleteUserFor(ctx, { caller: requireCaller(request), id: request.params.id, client: request.client })
    return reply.code(204).send()
  },
})
