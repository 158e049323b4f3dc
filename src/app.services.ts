import { Authenticator } from './features/access/authenticator.js'
import { TokenVerifier } from './features/access/token.verifier.js'
import { AdministrationService } from './features/administration/administration.service.js'
import { BackfillService } from './features/backfills/backfill.service.js'
import { BulkDeletionService } from './features/deletion/bulk.deletion.service.js'
import type { ServiceInfo } from './features/deletion/deletion.receipt.js'
import { DeletionService } from './features/deletion/deletion.service.js'
import { DeletionWatcher } from './features/deletion/deletion.watcher.js'
import { LegalHoldService } from './features/deletion/legal.hold.service.js'
import { RestorationService } from './features/deletion/restoration.service.js'
import { ThreadBackups } from './features/deletion/thread.backup.js'
import type { Embedder } from './features/embeddings/embedder.js'
import { ImportService } from './features/messages/import.service.js'
import { MessageService } from './features/messages/message.service.js'
import { OrganizationService } from './features/organizations/organization.service.js'
import { ProjectService } from './features/projects/project.service.js'
import { PurgeService } from './features/purge/purge.service.js'
import { SearchService } from './features/search/search.service.js'
import { BackfillControl } from './features/spaces/backfill.control.js'
import { LinkService } from './features/spaces/link.service.js'
import { SpaceService } from './features/spaces/space.service.js'
import { AgentRunService } from './features/threads/agent.run.service.js'
import { ThreadService } from './features/threads/thread.service.js'
import { UsageMeter } from './features/usage/usage.meter.js'
import type { BackupStore } from './platform/backup.store.js'
import type { Bus } from './platform/bus.js'
import type { Cache } from './platform/cache.js'
import type { Config } from './platform/config.js'
import type { Database } from './platform/database.js'
import { DirectoryBackupStore } from './platform/directory.backup.store.js'
import { Outbox } from './platform/outbox.js'
import { S3BackupStore } from './platform/s3.backup.store.js'

/** What the services of an app stand on. */
export interface Foundations {
  config: Config
  db: Database
  bus: Bus
  cache: Cache
  embedder: Embedder
  serverVersion: string
}

export type Services = ReturnType<typeof createServices>

const API_VERSION = '1'

/** Builds every service of an app, each with what it needs. */
export function createServices({ config, db, bus, cache, embedder, serverVersion }: Foundations) {
  const tokens = new TokenVerifier({
    secret: config.jwtSecret,
    jwksUrl: config.jwksUrl,
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
  })
  const { environment, region, threadRetentionDays: retentionDays } = config
  const info: ServiceInfo = { apiVersion: API_VERSION, serverVersion, environment, region }
  const usage = new UsageMeter(db, cache, {
    threads: config.organizationThreadLimit,
    projects: config.organizationProjectLimit,
  })
  const authenticator = new Authenticator(db, tokens)
  const organizations = new OrganizationService(db, usage)
  const projects = new ProjectService(db, usage, config.sandbox !== null)
  const threads = new ThreadService(db, organizations, usage)
  const runs = new AgentRunService(db)
  const outbox = new Outbox(bus)
  const purges = new PurgeService(bus, usage, outbox)
  const links = new LinkService(db, bus, embedder, purges)
  const messages = new MessageService(db, usage, links)
  const imports = new ImportService(db, organizations, usage, links)
  const backfills = new BackfillService(db, bus)
  const spaces = new SpaceService(db, purges, embedder)
  const control = new BackfillControl(db, bus, backfills, links)
  const search = new SearchService(db, embedder, links)
  const backupStore = openBackupStore(config)
  const backups = new ThreadBackups(db, backupStore, outbox)
  const deletion = new DeletionService(db, bus, usage, purges, backups, info, retentionDays)
  const bulkDeletion = new BulkDeletionService(db, bus, usage, retentionDays)
  const restoration = new RestorationService(db, bus, usage, links)
  const deletionWatcher = new DeletionWatcher(db, bus)
  const legalHolds = new LegalHoldService(db, bus)
  const administration = new AdministrationService(db, outbox)
  return {
    ...{ usage, authenticator, organizations, projects, threads, runs, links, messages, imports },
    ...{ backfills, spaces, control, search, deletion, bulkDeletion, restoration },
    ...{ backupStore, purges, deletionWatcher, legalHolds, administration },
  }
}

function openBackupStore({ backup: { directory, s3 } }: Config): BackupStore {
  return s3 === null ? new DirectoryBackupStore(directory) : new S3BackupStore(s3)
}
