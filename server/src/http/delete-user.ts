import { Type } from 'typebox'
import { deleteUser as deleteUserRule } from '../auth/delete-user.ts'
import { callerOf } from './bearer.ts'
import { endpoint } from './endpoint.ts'

/** `DELETE /api/v1/users/:id` */
export const deleteUser = endpoint({
  responses: { 204: Type.Null() },
  async handle(ctx, request, reply) {
    await deleteUserRule(ctx, { caller: callerOf(request), id: request.params.id, client: request.client })
    return reply.code(204).send()
  },
})
