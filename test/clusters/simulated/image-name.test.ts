import { expect, test } from 'vitest'
import { imageNameFault } from '../../../src/clusters/simulated/controllers/image-name.ts'

test.each([
  'du',
  'library/du:1.0',
  'registry.k8s.io/e2e-test-images/busybox:1.36.1-1',
  'localhost:5000/a__b/c--d.e:V1_x',
  '[::1]:5000/du',
  `docker.io/nephio/focom-operator@sha256:${'a'.repeat(64)}`,
])('%s may be an image', (image) => expect(imageNameFault(image)).toBeUndefined())

test.each([
  '',
  ' du',
  'du ',
  'Du',
  'a/Du:1',
  'du:',
  'du::1',
  'http://registry/du',
  'du@sha256:12',
  'du:-1',
  'a//b',
  'x'.repeat(600),
])('"%s" is none', (image) => expect(imageNameFault(image)).toMatch(/invalid reference format$/))
