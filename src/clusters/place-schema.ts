import { z } from 'zod'

/** An id that the SMO gives; it stands in paths of Inventory as it is. */
const givenId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$/,
    'must be 1 to 128 of A-Z a-z 0-9 . _ : ~ - and start with a letter or digit',
  )

const longitude = z.number().min(-180).max(180)
const latitude = z.number().min(-90).max(90)

/** Where an O-Cloud is: a LocationInfo of Inventory. */
export const locationSchema = z
  .strictObject({
    globalLocationId: givenId.optional().meta({
      description:
        'As the SMO calls the place. O-Clouds that name the same one share it; without one the site has a location of its own.',
    }),
    name: z.string().max(256).optional(),
    description: z.string().max(1024).optional(),
    address: z.string().max(1024).optional(),
    civicAddress: z
      .array(z.strictObject({ caType: z.int().min(0).max(255), caValue: z.string().min(1).max(256) }))
      .max(50)
      .optional()
      .meta({ description: 'Elements of RFC 4776.' }),
    coordinate: z
      .strictObject({
        type: z.literal('Point'),
        coordinates: z.union([z.tuple([longitude, latitude]), z.tuple([longitude, latitude, z.number()])]),
      })
      .optional()
      .meta({ description: 'GeoJSON Point: longitude, latitude, altitude (RFC 7946).' }),
  })
  .meta({ id: 'OCloudLocation' })

/** The site that its resource pools stand at: an OCloudSiteInfo of Inventory. */
export const siteSchema = z
  .strictObject({
    oCloudSiteId: givenId.optional().meta({
      description: 'O-Clouds that name the same one share the site; without one the O-Cloud has a site of its own.',
    }),
    name: z.string().min(1).max(256),
    description: z.string().max(1024).optional(),
  })
  .meta({ id: 'OCloudRegistrationSite' })

export type OCloudLocation = z.output<typeof locationSchema>
export type OCloudRegistrationSite = z.output<typeof siteSchema>
