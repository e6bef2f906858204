/**
 * Code around each printed client that gives all of them one form: `read(path)` and `write(path, body)` resolve to JSON,
 * and reject with an error that names the status of a refusal.
 */
export const DRIVERS: Record<string, { files: string[]; code: string }> = {
  fetch: {
    files: [],
    code: `
      import { request } from './request'
      async function result(answer: Response) {
        if (!answer.ok) throw new Error('status ' + answer.status)
        return answer.json()
      }
      export const read = async (path: string) => result(await request(at(path)))
      export const write = async (path: string, body: object) => {
        const headers = { 'Content-Type': 'application/json' }
        return result(await request(new Request(at(path), { method: 'POST', headers, body: JSON.stringify(body) })))
      }`,
  },
  axios: {
    files: ['axios.ts'],
    code: `
      import { api } from './axios'
      export const read = async (path: string) => (await api.get(path)).data
      export const write = async (path: string, body: object) => (await api.post(path, body)).data`,
  },
  ky: {
    files: ['ky.ts'],
    code: `
      import { api } from './ky'
      export const read = (path: string) => api.get(path).json()
      export const write = (path: string, body: object) => api.post(path, { json: body }).json()`,
  },
  ofetch: {
    files: ['ofetch.ts'],
    code: `
      import { api } from './ofetch'
      export const read = (path: string) => api(path)
      export const write = (path: string, body: object) => api(path, { method: 'POST', body })`,
  },
  'RTK Query': {
    files: ['rtk-query.ts'],
    code: `
      import { configureStore } from '@reduxjs/toolkit'
      import { api } from './rtk-query'
      const { endpoints } = api.injectEndpoints({
        endpoints: (build) => ({
          read: build.query<object, string>({ query: (path) => path }),
          write: build.mutation<object, [string, object]>({
            query: ([url, body]) => ({ url, method: 'POST', body }),
          }),
        }),
      })
      const store = configureStore({
        reducer: { [api.reducerPath]: api.reducer },
        middleware: (standard) => standard().concat(api.middleware),
      })
      const named = (error: { status: unknown }) => { throw new Error('status ' + error.status) }
      export const read = (path: string) => path === '/api/v1/auth/me'
        ? store.dispatch(endpoints.me.initiate(undefined, { forceRefetch: true })).unwrap().catch(named)
        : store.dispatch(endpoints.read.initiate(path, { forceRefetch: true })).unwrap().catch(named)
      export const write = (path: string, body: object) =>
        store.dispatch(endpoints.write.initiate([path, body])).unwrap().catch(named)`,
  },
  Apollo: {
    files: ['apollo.ts'],
    code: `
      import { gql, ServerError } from '@apollo/client'
      import { client } from './apollo'
      const named = (error: Error) => {
        throw ServerError.is(error) ? new Error('status ' + error.statusCode) : error
      }
      const context = { queryDeduplication: false }
      export const read = (path: string) => client
        .query({ query: gql\`query ($path: String!) { read(path: $path) }\`, variables: { path }, fetchPolicy: 'no-cache', context })
        .then(({ data }) => JSON.parse(data.read), named)
      export const write = (path: string, body: object) => client
        .mutate({ mutation: gql\`mutation ($body: String!) { write(body: $body) }\`, variables: { body: JSON.stringify(body) } })
        .then(({ data }) => JSON.parse(data.write), named)`,
  },
  Angular: {
    files: ['session-interceptor.ts'],
    code: `
      import '@angular/compiler'
      import { DOCUMENT } from '@angular/common'
      import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http'
      import { createEnvironmentInjector, Injector, provideZonelessChangeDetection, ɵINJECTOR_SCOPE } from '@angular/core'
      import { firstValueFrom } from 'rxjs'
      import { sessionInterceptor } from './session-interceptor'
      const injector = createEnvironmentInjector([
        provideHttpClient(withInterceptors([sessionInterceptor])),
        { provide: DOCUMENT, useValue: globalThis.document ?? { cookie: '' } },
        { provide: ɵINJECTOR_SCOPE, useValue: 'root' },
        provideZonelessChangeDetection(),
      ], Injector.NULL as never)
      const http = injector.get(HttpClient)
      const named = ({ message }: Error) => { throw new Error(message) }
      export const read = (path: string) => firstValueFrom(http.get(at(path))).catch(named)
      export const write = (path: string, body: object) => firstValueFrom(http.post(at(path), body)).catch(named)`,
  },
  Nuxt: {
    files: ['plugins/api.client.ts', 'composables/useApi.ts'],
    code: `
      import './nuxt'
      import plugin from './plugins/api.client'
      import { useApi } from './composables/useApi'
      const $api = plugin().provide.api
      Object.assign(globalThis, { useNuxtApp: () => ({ $api }) })
      export const read = (path: string) => useApi(path)
      export const write = (path: string, body: object) => $api(path, { method: 'POST', body })`,
  },
}

/** The functions of Nuxt that the printed files call. The rest of it does not run. */
export const NUXT = `Object.assign(globalThis, {
  defineNuxtPlugin: (setup: () => object) => setup,
  useFetch: (path: string, { $fetch }: { $fetch: (path: string) => unknown }) => $fetch(path),
})`
