import fc from 'fast-check'

/** A JSON text with properties known from its construction, without parsing it. */
export interface WrittenJson {
  text: string
  /** The number of keys in all objects, duplicates included. */
  keys: number
  /** The number of objects and arrays around the innermost value. */
  depth: number
  /** Whether some object has a duplicate key, escaped or not. */
  hasDuplicateKey: boolean
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 })
const SHORT: Record<string, string> = { '"': '\\"', '\\': '\\\\', '/': '\\/', '\n': '\\n', '\t': '\\t' }
const unit = fc.oneof(fc.constantFrom(...'{}[]:,"\\/\n\taé'), fc.integer({ min: 0, max: 0xffff }).map(codeUnit))

/** Generates a string and a JSON text of it in which any of its code units may be escaped. */
function encodedString(units: fc.Arbitrary<string[]>): fc.Arbitrary<{ value: string; text: string }> {
  return units.chain((all) =>
    fc.array(fc.boolean(), { minLength: all.length, maxLength: all.length }).map((escaped) => ({
      value: all.join(''),
      text: `"${all.map((each, at) => (escaped[at] || mustEscape(each) ? escapeCharacter(each) : each)).join('')}"`,
    })),
  )
}

function codeUnit(code: number): string {
  return String.fromCharCode(code)
}

function mustEscape(character: string): boolean {
  return character < ' ' || character === '"' || character === '\\' || !character.isWellFormed()
}

function escapeCharacter(character: string): string {
  return SHORT[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const anyString = encodedString(fc.array(unit, { maxLength: 4 }))
const scalar = fc
  .oneof(
    anyString.map(({ text }) => text),
    fc.constantFrom('null', 'true', 'false', '0', '-1', '1.5e-7', '1E400'),
  )
  .map((text): WrittenJson => ({ text, keys: 0, depth: 0, hasDuplicateKey: false }))

function wrap(text: string, inner: WrittenJson[]): WrittenJson {
  return {
    text,
    keys: inner.reduce((sum, { keys }) => sum + keys, 0),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    hasDuplicateKey: inner.some(({ hasDuplicateKey }) => hasDuplicateKey),
  }
}

/**
 * Generates JSON of any shape, escaping and spacing, some deeper than is accepted, some with a duplicate key.
 *
 * @param keyCharacters few, so that duplicate keys occur
 */
export function writtenJson(keyCharacters: string): fc.Arbitrary<WrittenJson> {
  const key = encodedString(fc.array(fc.constantFrom(...keyCharacters), { maxLength: 2 }))
  const { tree } = fc.letrec<{ tree: WrittenJson; array: WrittenJson; object: WrittenJson }>((tie) => ({
    tree: fc.oneof({ maxDepth: 5, depthSize: 'small' }, scalar, tie('object'), tie('array')),
    array: fc.array(fc.tuple(space, tie('tree'), space), { maxLength: 3 }).map((items) =>
      wrap(
        `[${items.map(([before, item, after]) => before + item.text + after).join(',')}]`,
        items.map(([, item]) => item),
      ),
    ),
    object: fc.array(fc.tuple(space, key, space, tie('tree')), { maxLength: 3 }).map((members) => {
      const inner = members.map(([, , , value]) => value)
      const names = members.map(([, { value }]) => value)
      const text = members.map(([gap, name, other, value]) => `${gap}${name.text}${other}:${gap}${value.text}${other}`)
      const object = wrap(`{${text.join(',')}}`, inner)
      const hasDuplicateKey = object.hasDuplicateKey || new Set(names).size < names.length
      return { ...object, keys: object.keys + names.length, hasDuplicateKey }
    }),
  }))
  return fc
    .tuple(space, tree, space, fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 18 })))
    .map(([before, written, after, layers]) => ({
      ...written,
      text: before + '['.repeat(layers) + written.text + ']'.repeat(layers) + after,
      depth: written.depth + layers,
    }))
}
