import { z } from 'zod'

/** The name of a person or team. One line: it stands in messages, logs and reports. */
export const approverName = z.string().regex(/^\S(.{0,126}\S)?$/, 'must be 1 to 128 characters on one line')

/** Who may decide about a request; each of them once. */
export const approversSchema = z
  .array(approverName)
  .min(1)
  .max(50)
  .check(({ value, issues }) => {
    for (const [index, name] of value.entries())
      if (value.indexOf(name) < index)
        issues.push({ code: 'custom', message: `${name} stands here twice`, path: [index], input: name })
  })
  .meta({ uniqueItems: true })
