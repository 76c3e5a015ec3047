import type { OperatorBehaviour } from './behaviour.ts'

/** How the operators that we play behave; times in milliseconds. An operator that is left out is not played. */
export interface OperatorsProfile {
  focom?: FocomProfile
  o2ims?: O2imsProfile
  /** Porch, its approval and Config Sync, as far as a PackageVariant sees them. */
  porch?: PorchProfile
  /** Whether requests may ask for a behaviour by the annotation. */
  annotations: boolean
}

export interface FocomProfile {
  /** After the remote request was made, then between two looks at it, and between two tries to delete it. */
  pollMs: { first: number; next: number; deletion: number }
}

export interface O2imsProfile {
  generation: 'old' | 'new'
  /** Between two of its messages. */
  stepMs: number
  /** Between two looks at what it waits for. */
  observeMs: number
  /** How long Porch may take (old generation), and the cluster. */
  renderMs: number
  creationMs: number
  /** `required`: where Porch and Cluster API are not there, it fails as the true one does. `when-there`: it does without. */
  packages: 'required' | 'when-there'
}

export interface PorchProfile {
  /** How long each of its own steps, and each phase of a Cluster, takes. */
  stepMs: number
}

/** As the true operators are built. */
export const UPSTREAM: OperatorsProfile = {
  focom: { pollMs: { first: 20_000, next: 30_000, deletion: 15_000 } },
  o2ims: {
    generation: 'old',
    stepMs: 1000,
    observeMs: 1000,
    renderMs: 30_000,
    creationMs: 1_800_000,
    packages: 'required',
  },
  porch: { stepMs: 2000 },
  annotations: false,
}

/** In simulated O-Clouds: quick, so that nobody waits for what is not real. */
export const SIMULATED: OperatorsProfile = {
  focom: { pollMs: { first: 200, next: 200, deletion: 500 } },
  o2ims: {
    generation: 'old',
    stepMs: 200,
    observeMs: 100,
    renderMs: 30_000,
    creationMs: 1_800_000,
    packages: 'when-there',
  },
  porch: { stepMs: 100 },
  annotations: true,
}

const SLOWER = 10

/** FoCoM's times for a request that asks for others. */
export function focomProfileFor(profile: FocomProfile, { pollMs }: OperatorBehaviour): FocomProfile {
  if (pollMs === undefined) return profile
  return { pollMs: { first: pollMs, next: pollMs, deletion: pollMs } }
}

/** The o2ims-operator's times and generation for a request that asks for others. */
export function o2imsProfileFor(profile: O2imsProfile, asked: OperatorBehaviour): O2imsProfile {
  const stepMs = (asked.pollMs ?? profile.stepMs) * (asked.behaviour === 'slow' ? SLOWER : 1)
  const observeMs = asked.pollMs ?? profile.observeMs
  return { ...profile, stepMs, observeMs, generation: asked.generation ?? profile.generation }
}
