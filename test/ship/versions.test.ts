import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')
const dockerfile = read('Dockerfile')

test('the images have the Node that the tests run on', () => {
  const { devDependencies, version } = JSON.parse(read('package.json'))
  expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${devDependencies.node}-`)
  expect(dockerfile.match(/^ARG VERSION=.*$/gm)).toEqual(Array(2).fill(`ARG VERSION=${version}`))
})

test('the image of the worker has the kind and the kpt that o2ims doctor installs', () => {
  const doctor = read('src/cli/doctor/tools.ts')
  for (const tool of ['kind', 'kpt']) {
    const [, version] = new RegExp(`^ARG ${tool.toUpperCase()}_VERSION=(v.+)$`, 'm').exec(dockerfile) ?? []
    expect(doctor).toMatch(new RegExp(`/${version}/${tool}[-_]linux`))
  }
})
