import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import { resourceUnlessKnown } from '../http/answers.ts'
import type { Answer } from '../http/operation.ts'
import type { Peeked } from '../store/store.ts'
import { versionOf } from './etag.ts'
import type { ProvisioningRecord } from './record.ts'

const MOST_CHARACTERS = 2 * 1024 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'

interface Kept {
  mark: string
  version: string
  body: string
}

/**
 * Answers with single requests, each in these words as long as nothing is written to it: whoever polls costs one short question to the store, and
 * no reading and writing of JSON.
 */
export function createKeptAnswers(
  represent: (record: ProvisioningRecord) => object,
): (id: string, stored: Peeked<ProvisioningRecord>, headers: IncomingHttpHeaders) => Answer {
  const answers = new LRUCache<string, Kept>({
    maxSize: MOST_CHARACTERS,
    sizeCalculation: ({ body }, id) => body.length + id.length,
  })

  function keptOf(id: string, { mark, n, value }: Peeked<ProvisioningRecord>): Kept {
    const known = answers.get(id)
    if (known?.mark === mark) return known
    const record = { ...value(), n }
    const kept = { mark, version: versionOf(record), body: JSON.stringify(represent(record)) }
    answers.set(id, kept)
    return kept
  }

  return (id, stored, headers) => {
    const { version, body } = keptOf(id, stored)
    const answer = resourceUnlessKnown(headers, body, version)
    return answer.body === undefined ? answer : { ...answer, type: JSON_TYPE }
  }
}
