import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import {
  type BackupStore,
  encodeLines,
  LineTally,
  locationOf,
  nameIn,
  requireBackupName,
  type WrittenBackup,
} from './backup.store.js'

export interface S3Settings {
  /** null: AWS itself */
  endpoint: string | null
  bucket: string
  region: string
  /** null: the machine's own credentials, as AWS' own tools find them */
  credentials: { accessKeyId: string; secretAccessKey: string } | null
}

const SCHEME = 's3'
const PART_BYTES = 8 * 1024 * 1024
const CONNECTION_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 30_000

// AWS' own client takes 23 MB, the smallest 0.3 MB; but it is released weekly, and every service is tested with it.
const loadLibrary = async () => ({
  ...(await import('@aws-sdk/client-s3')),
  ...(await import('@aws-sdk/lib-storage')),
})

type Library = Awaited<ReturnType<typeof loadLibrary>> & { client: S3Client }

/** Backups as objects in one bucket, at AWS or any S3-compatible service. */
export class S3BackupStore implements BackupStore {
  #library: Promise<Library> | undefined

  constructor(private readonly settings: S3Settings) {}

  locate(name: string): string {
    return locationOf(SCHEME, requireBackupName(name))
  }

  async write(name: string, lines: AsyncIterable<string>): Promise<WrittenBackup> {
    const { Upload, client } = await this.#open()
    const tally = new LineTally()
    const body = Readable.from(encodeLines(lines, tally), { objectMode: false })
    const params = {
      Bucket: this.settings.bucket,
      Key: requireBackupName(name),
      Body: body,
      ContentType: 'application/jsonl',
    }
    try {
      // One part at a time: if one of several concurrent parts failed, the others would still read the thread to its end.
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: 1 }).done()
    } finally {
      body.destroy()
    }
    return { location: this.locate(name), ...tally.finish() }
  }

  async *read(location: string): AsyncGenerator<Buffer> {
    const { client, GetObjectCommand } = await this.#open()
    const { Body } = await client.send(new GetObjectCommand(this.#objectAt(location)))
    if (Body instanceof Readable) yield* Body
  }

  async remove(location: string): Promise<void> {
    const { client, DeleteObjectCommand } = await this.#open()
    await client.send(new DeleteObjectCommand(this.#objectAt(location)))
  }

  /** Parts of an unfinished upload are not objects; the bucket's lifecycle rule removes them: see the README. */
  async removeUnfinished(): Promise<void> {}

  #objectAt(location: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: nameIn(SCHEME, location) }
  }

  /** Loaded on first use: loading takes half a second, and most servers never need it. */
  #open(): Promise<Library> {
    this.#library ??= loadLibrary().then((library) => ({
      ...library,
      client: this.#connect(library.S3Client),
    }))
    return this.#library
  }

  #connect(Client: typeof S3Client): S3Client {
    const { endpoint, region, credentials } = this.settings
    return new Client({
      region,
      ...(endpoint !== null && { endpoint, forcePathStyle: true }),
      ...(credentials && { credentials }),
      // Some services reject the newer checksums; backups are read back and compared in any case.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECTION_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        socketTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
      },
    })
  }
}
