import { createHash } from 'node:crypto'
import { z } from 'zod'
import { resourceUnlessKnown } from '../http/answers.ts'
import { noBody, none, type Operation, operation } from '../http/operation.ts'
import type { RegistrationService } from './registration.ts'
import { shownUrl } from './shown-url.ts'

export const REGISTRATION_TAG = {
  name: 'Registration',
  description: 'Which O-Cloud this service is to the SMO, and whether the SMO knows that it is available.',
}

const time = z.string().meta({ format: 'date-time' })

const registrationSchema = z
  .strictObject({
    state: z
      .enum(['NOT_CONFIGURED', 'PENDING', 'ACCEPTED'])
      .meta({ description: 'NOT_CONFIGURED: there is no SMO to tell, and the O-Cloud counts as registered.' }),
    oCloudId: z.string(),
    globalCloudId: z.string(),
    globalLocationIds: z.array(z.string()),
    globalAssetIds: z.array(z.string()),
    name: z.string(),
    description: z.string(),
    callback: z.string().optional().meta({ description: "Where the SMO is told, without the URL's query." }),
    IMS_EP: z.string().optional().meta({ description: 'The apiRoot that the SMO is told.' }),
    attempts: z.int().optional(),
    lastAttemptAt: time.optional(),
    lastError: z.string().optional(),
    nextAttemptAt: time.optional(),
    acceptedAt: time.optional(),
  })
  .meta({ id: 'Registration', description: 'O2IMS 2.1.6.2.1, 3.6.5.' })

const example: z.input<typeof registrationSchema> = {
  state: 'PENDING',
  oCloudId: '2f9c1f9e-4d0b-4a55-8d5e-0d5c1f6b7a11',
  globalCloudId: 'edge-cloud-7',
  globalLocationIds: ['hsinchu-1'],
  globalAssetIds: [],
  name: 'o2ims',
  description: 'An O-Cloud of Kubernetes clusters',
  callback: 'https://smo.example/o-cloud-available',
  IMS_EP: 'https://o2.example',
  attempts: 3,
  lastAttemptAt: '2026-11-23T10:00:00.000Z',
  lastError: 'the SMO answered 503',
  nextAttemptAt: '2026-11-23T10:00:04.000Z',
}

/** `GET /o2ims/v1/registration`. */
export function registrationOperation(
  registration: Pick<RegistrationService, 'identity' | 'configured' | 'current'>,
): Operation {
  return operation({
    method: 'GET',
    path: '/o2ims/v1/registration',
    operationId: 'getRegistration',
    tag: REGISTRATION_TAG.name,
    summary: 'Does the SMO know that this O-Cloud is available?',
    params: none,
    query: none,
    body: noBody,
    requestHeaders: ['If-None-Match'],
    answers: {
      200: { description: 'How it stands.', body: registrationSchema, example, headers: ['ETag'] },
      304: { description: 'Not changed since.', headers: ['ETag'] },
    },
    async handle({ headers }) {
      const body = await represent(registration)
      const version = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16)
      return resourceUnlessKnown(headers, body, version)
    },
  })
}

async function represent({ identity, configured, current }: Parameters<typeof registrationOperation>[0]) {
  if (!configured) return { state: 'NOT_CONFIGURED', ...identity }
  const registration = await current()
  if (!registration) return { state: 'PENDING', ...identity }
  const { state, callback, notification, ...attempts } = registration
  return { state, ...identity, callback: shownUrl(callback), IMS_EP: notification.IMS_EP, ...attempts }
}
