/**
 * type-graphql refuses to run unless it can ask for the types that a compiler may have emitted beside decorators. None
 * are emitted here, because every decorator names its type itself: to each such question the answer is "unknown".
 * Imported before any decorated class.
 */
if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: () => undefined })
