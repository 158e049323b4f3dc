/**
 * type-graphql requires `Reflect.getMetadata` for types that a compiler may have emitted for decorators. None are emitted
 * here, because every decorator names its type explicitly: every lookup returns undefined. Import this before any
 * decorated class.
 */
if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: () => undefined })
