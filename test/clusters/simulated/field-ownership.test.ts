import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyFields, type Managers } from '../../../src/clusters/simulated/field-ownership.ts'
import type { JsonObject } from '../../../src/json.ts'

interface State {
  object: JsonObject
  managers: Managers
}
const NOTHING: State = { object: {}, managers: {} }

function apply(state: State, manager: string, applied: JsonObject, { force = false, builtIn = true } = {}): State {
  const { conflicts, result } = applyFields(state.object, state.managers, applied, { manager, force, builtIn })
  if (conflicts.length > 0) throw new Error(conflicts.map(({ manager: owner, path }) => `${owner} ${path}`).join(', '))
  return result
}

describe('field ownership', () => {
  test('what the manager no longer names goes, with the empty objects around it', () => {
    const first = apply(NOTHING, 'us', { data: { a: '1' }, metadata: { labels: { x: '1', y: '1' } } })
    const second = apply(first, 'us', { metadata: { labels: { x: '1' } } })
    expect(second.object).toEqual({ metadata: { labels: { x: '1' } } })
  })

  test('what others own stays, and what the server filled in stays', () => {
    const first = apply(NOTHING, 'us', { spec: { replicas: 1 } })
    const filled = { ...first, object: { spec: { replicas: 1, paused: false } } }
    const other = apply(filled, 'them', { spec: { minReadySeconds: 3 } })
    const second = apply(other, 'us', { metadata: {} })
    expect(second.object).toEqual({ spec: { paused: false, minReadySeconds: 3 }, metadata: {} })
  })

  test('another value for what somebody else owns is a conflict that names the owner and the field', () => {
    const first = apply(NOTHING, 'them', { spec: { template: { containers: [{ name: 'du', image: 'a' }] } } })
    const wish = { spec: { template: { containers: [{ name: 'du', image: 'b' }] } } }
    expect(() => apply(first, 'us', wish)).toThrow('them .spec.template.containers[name="du"].image')
    const forced = apply(first, 'us', wish, { force: true })
    expect(forced.object).toEqual(wish)
    expect(() => apply(forced, 'them', { spec: { template: { containers: [{ name: 'du', image: 'a' }] } } })).toThrow(
      'us .spec',
    )
  })

  test('the same value is shared, and goes with its last owner', () => {
    const both = apply(apply(NOTHING, 'a', { data: { x: '1' } }), 'b', { data: { x: '1' } })
    const one = apply(both, 'a', { data: {} })
    expect(one.object).toEqual({ data: { x: '1' } })
    expect(apply(one, 'b', { data: {} }).object).toEqual({ data: {} })
  })

  test('items of a named list are merged by their names and keep their order', () => {
    const containers = (...names: string[]) => ({ spec: { containers: names.map((name) => ({ name, image: name })) } })
    const first = apply(NOTHING, 'us', containers('a', 'b'))
    const injected = apply(first, 'sidecar', containers('proxy'))
    expect(injected.object).toEqual(containers('a', 'b', 'proxy'))
    expect(apply(injected, 'us', containers('a', 'b')).object).toEqual(injected.object)
    expect(apply(injected, 'us', containers('b')).object).toEqual(containers('b', 'proxy'))
    expect(apply(injected, 'us', containers('b', 'a')).object).toEqual(containers('b', 'a', 'proxy'))
  })

  test('lists of custom resources are one value', () => {
    const first = apply(NOTHING, 'them', { spec: { containers: [{ name: 'a' }] } }, { builtIn: false })
    expect(() => apply(first, 'us', { spec: { containers: [{ name: 'b' }] } }, { builtIn: false })).toThrow(
      'them .spec.containers',
    )
  })

  test('keys like __proto__ are data like any other', () => {
    const applied: JsonObject = JSON.parse('{"data":{"__proto__":"x","constructor":"y"}}')
    const state = apply(NOTHING, 'us', applied)
    expect(JSON.stringify(state.object)).toBe(JSON.stringify(applied))
    expect(({} as Record<string, unknown>).x).toBeUndefined()
    expect(JSON.stringify(apply(state, 'us', { data: {} }).object)).toBe('{"data":{}}')
  })
})

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean())
const tree = fc.letrec<{ node: JsonObject }>((tie) => ({
  node: fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'env', 'metadata'),
    fc.oneof(
      { depthSize: 'small' },
      leaf,
      tie('node'),
      fc.uniqueArray(fc.constantFrom('x', 'y', 'z')).map((names) => names.map((name) => ({ name }))),
    ),
    { maxKeys: 4, noNullPrototype: true },
  ),
})).node

describe('whatever is applied', () => {
  test('applied twice, it changes nothing the second time', () => {
    fc.assert(
      fc.property(tree, tree, (before, applied) => {
        const first = apply(apply(NOTHING, 'them', before), 'us', applied, { force: true })
        const second = apply(first, 'us', applied)
        expect(second).toEqual(first)
      }),
    )
  })

  test('a single manager has exactly what it applied last', () => {
    fc.assert(
      fc.property(tree, tree, (before, applied) => {
        const state = apply(apply(NOTHING, 'us', before), 'us', applied)
        expect(withoutEmpty(state.object)).toEqual(withoutEmpty(applied))
      }),
    )
  })

  test('what was given is not changed', () => {
    fc.assert(
      fc.property(tree, tree, (before, applied) => {
        const first = apply(NOTHING, 'them', before)
        const copy = structuredClone({ first, applied })
        apply(first, 'us', applied, { force: true })
        expect({ first, applied }).toEqual(copy)
      }),
    )
  })
})

/** Containers that lost their last field may stay behind empty, as on a real server. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, child]) => {
    const kept = withoutEmpty(child)
    return kept === undefined ? [] : [[key, kept]]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
