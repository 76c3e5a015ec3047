import { z } from 'zod'
import type { JsonValue } from '../json.ts'

/** An object of anything. What a parsed body holds is JSON already: only the type is said here. */
export const jsonObject = z.record(z.string(), z.custom<JsonValue>())
