// Components in place of some of Swagger UI's: answers that fold, fields for the tokens, and a name for each control.

/** A plugin of Swagger UI (https://swagger.io/docs/open-source-tools/swagger-ui/customization/plugin-api/). */
export function calm({ React }) {
  const h = React.createElement

  /** The page below its heading. */
  function Calm({ getComponent, specSelectors, errSelectors }) {
    const status = specSelectors.loadingStatus()
    if (status === 'loading' || !specSelectors.specJson().size) return h('p', { className: 'soft' }, 'Loading …')
    if (status !== 'success') return h(getComponent('errors', true), { errSelectors })
    return h(
      'div',
      { className: 'swagger-ui' },
      h(getComponent('TokenFields', true)),
      h('h2', null, 'Endpoints'),
      h(getComponent('operations', true)),
    )
  }

  /** One field for each token that an operation asks for. A login that is tried here fills in the first. */
  function TokenFields({ specSelectors, authSelectors, authActions }) {
    const spec = specSelectors.specJson().toJS()
    const asked = new Set(
      Object.values(spec.paths)
        .flatMap((path) => Object.values(path))
        .flatMap(({ security = [] }) => security.flatMap((each) => Object.keys(each))),
    )
    const schemes = Object.entries(spec.components.securitySchemes).filter(
      ([name, { type }]) => type === 'http' && asked.has(name),
    )
    const set = (name, value) =>
      value === ''
        ? authActions.logout([name])
        : authActions.authorize({ [name]: { name, value, schema: specSelectors.securityDefinitions().get(name) } })
    const fields = schemes.map(([name]) => {
      const value = authSelectors.authorized()?.getIn([name, 'value']) ?? ''
      const [id, label] = [`token-${name}`, name === 'accessToken' ? 'Access token' : 'Service key']
      return h(
        'div',
        { key: name, className: 'token' },
        h('label', { htmlFor: id }, label),
        h('input', {
          id,
          value,
          type: 'text',
          autoComplete: 'off',
          spellCheck: false,
          placeholder: name === 'accessToken' ? 'Log in below, or paste one' : 'One of SERVICE_KEYS',
          onChange: (event) => set(name, event.target.value.trim()),
        }),
        value === ''
          ? null
          : h('button', { type: 'button', className: 'button plain', onClick: () => set(name, '') }, 'Clear'),
      )
    })
    return h('section', { className: 'tokens', 'aria-label': 'Tokens for requests' }, fields)
  }

  /** The answers of an operation: the one it just got, and those it may get, each to unfold. */
  function Responses(props) {
    const { responses, tryItOutResponse, getComponent, specPath, path, method, oas3Selectors, oas3Actions } = props
    const [LiveResponse, Response] = [getComponent('liveResponse'), getComponent('response')]
    const rows = responses.entrySeq().toArray()
    return h(
      'div',
      { className: 'responses-wrapper' },
      h(
        'div',
        { 'aria-live': 'polite' },
        tryItOutResponse ? h(LiveResponse, { ...props, response: tryItOutResponse }) : null,
      ),
      h('h4', null, 'Responses'),
      rows.map(([code, response]) =>
        h(
          'details',
          { key: code, className: 'fold', open: code === rows[0][0] && !tryItOutResponse },
          h('summary', null, h('b', { 'data-status': String(code).charAt(0) }, code), ' ', response.get('description')),
          h(
            'table',
            { role: 'presentation' },
            h(
              'tbody',
              null,
              h(Response, {
                ...props,
                code,
                response,
                specPath: specPath.push(code),
                contentType: props.producesValue,
                activeExamplesKey: oas3Selectors.activeExamplesMember(path, method, 'responses', code),
                oas3Actions,
                onContentTypeChange: () => {},
                controlsAcceptHeader: false,
                className: '',
              }),
            ),
          ),
        ),
      ),
    )
  }

  /** The answer that an operation just got. */
  function LiveResponse({ response, getComponent, getConfigs, specSelectors, path, method }) {
    const [ResponseBody, Curl] = [getComponent('responseBody'), getComponent('curl', true)]
    const headers = response.get('headers')?.toJS() ?? {}
    const [status, duration, error] = [response.get('status'), response.get('duration'), response.get('error')]
    const content = response.get('text')
    return h(
      'div',
      { className: 'live' },
      h('h4', null, 'Answer'),
      h(
        'p',
        { className: 'live-status' },
        h('b', { 'data-status': String(status ?? 5).charAt(0) }, status ?? 'No answer'),
        duration ? ` in ${duration} ms` : null,
      ),
      error && !status ? h('p', null, String(response.get('message') ?? 'The server cannot be reached.')) : null,
      content
        ? h(ResponseBody, {
            content,
            contentType: headers['content-type'],
            url: response.get('url'),
            headers,
            getConfigs,
            getComponent,
          })
        : null,
      h(
        'details',
        { className: 'fold' },
        h('summary', null, 'Headers'),
        h(
          'pre',
          null,
          Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}`)
            .join('\n'),
        ),
      ),
      h(
        'details',
        { className: 'fold' },
        h('summary', null, 'As a command'),
        h(Curl, { request: specSelectors.requestFor(path, method) }),
      ),
    )
  }

  const named = (name) => (Original) => (props) => h(Original, { 'aria-label': name(props), ...props })

  return {
    components: { Calm, TokenFields },
    wrapComponents: {
      responses: () => Responses,
      liveResponse: () => LiveResponse,
      authorizeOperationBtn: () => () => null,
      // A parameter with fixed values is a `<select>`, which takes no name of its own.
      JsonSchemaForm: (Original) => (props) => {
        const { schema, description } = props
        const isChoice = schema?.get('enum') || schema?.get('type') === 'boolean'
        if (!isChoice) return h(Original, props)
        return h('label', null, h('span', { className: 'unseen' }, description), h(Original, props))
      },
      Input: named(({ placeholder }) => placeholder),
      TextArea: (Original) => (props) =>
        h(Original, { 'aria-label': 'Request body', rows: String(props.value ?? '').split('\n').length, ...props }),
      ExamplesSelect: (Original) => (props) => h('label', { className: 'examples' }, 'Example', h(Original, props)),
    },
  }
}
