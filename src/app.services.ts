import { ApiKeyService } from './features/access/credentials/api.key.service.js'
import { Authenticator } from './features/access/credentials/authenticator.js'
import { TokenVerifier } from './features/access/credentials/token.verifier.js'
import { WatchGate } from './features/access/watch.gate.js'
import { AdministrationService } from './features/administration/administration.service.js'
import { BackfillService } from './features/backfills/backfill.service.js'
import { ThreadBackups } from './features/deletion/backup/thread.backup.js'
import { BulkDeletionService } from './features/deletion/bulk.deletion.service.js'
import type { ServiceInfo } from './features/deletion/deletion.receipt.js'
import { DeletionService } from './features/deletion/deletion.service.js'
import { DeletionWatcher } from './features/deletion/deletion.watcher.js'
import { LegalHoldService } from './features/deletion/legal.hold.service.js'
import { PurgeService } from './features/deletion/purge/purge.service.js'
import { RestorationService } from './features/deletion/restoration.service.js'
import type { Embedders } from './features/embedders/embedders.js'
import { BackfillControl } from './features/links/backfill.control.js'
import { Departure } from './features/links/departure.js'
import { LinkService } from './features/links/link.service.js'
import { MessageFollower } from './features/links/message.follower.js'
import { SpaceHealthService } from './features/maintenance/space.health.service.js'
import { SpaceRepair } from './features/maintenance/space.repair.js'
import { ImportService } from './features/messages/import.service.js'
import { MessageChangeService } from './features/messages/message.change.service.js'
import { MessageService } from './features/messages/message.service.js'
import { MembershipService } from './features/organizations/membership.service.js'
import { OrganizationService } from './features/organizations/organization.service.js'
import { ProjectService } from './features/projects/project.service.js'
import { SandboxClient } from './features/projects/sandbox.service.js'
import { ReembeddingService } from './features/reembedding/reembedding.service.js'
import { ReembeddingSwitch } from './features/reembedding/reembedding.switch.js'
import { KeywordSearch } from './features/search/keyword.search.js'
import { SearchService } from './features/search/search.service.js'
import { ThreadSearchService } from './features/search/thread.search.service.js'
import { VectorSearch } from './features/search/vector.search.js'
import { SpaceService } from './features/spaces/space.service.js'
import { LinkRemoval } from './features/stores/link.removal.js'
import { StoreBuilder } from './features/stores/store.builder.js'
import { AgentRunService } from './features/threads/agent.run.service.js'
import { ThreadService } from './features/threads/thread.service.js'
import { UsageMeter } from './features/usage/usage.meter.js'
import type { BackupStore } from './platform/backup/backup.store.js'
import { DirectoryBackupStore } from './platform/backup/directory.backup.store.js'
import { S3BackupStore } from './platform/backup/s3.backup.store.js'
import type { Cache } from './platform/cache.js'
import type { Config } from './platform/config/config.js'
import type { Database } from './platform/database/database.js'
import type { Bus } from './platform/events/bus.js'
import { WatchHub } from './platform/events/watch.hub.js'
import { Outbox } from './platform/outbox/outbox.js'

/** What the services of an app depend on. */
export interface Foundations {
  config: Config
  db: Database
  bus: Bus
  cache: Cache
  embedders: Embedders
  serverVersion: string
}

export type Services = ReturnType<typeof createServices>

const API_VERSION = '1'
// Short, because a request waits for the answer.
const SANDBOX_LOOKUP_TIMEOUT_MS = 3_000

/** Builds all services of an app with their dependencies. */
export function createServices({ config, db, bus, cache, embedders, serverVersion }: Foundations) {
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
  const apiKeys = new ApiKeyService(db, bus)
  const organizations = new OrganizationService(db, usage)
  const projects = new ProjectService(
    db,
    usage,
    config.sandbox && new SandboxClient(config.sandbox.url, config.sandbox.apiKey, SANDBOX_LOOKUP_TIMEOUT_MS),
  )
  const threads = new ThreadService(db, organizations, usage)
  const runs = new AgentRunService(db)
  const outbox = new Outbox(bus)
  const removal = new LinkRemoval(bus)
  const purges = new PurgeService(bus, usage, outbox)
  const memberships = new MembershipService(db, bus, new Departure(removal))
  const links = new LinkService(db, bus, embedders, removal)
  const follower = new MessageFollower(bus, links)
  const messages = new MessageService(db, usage, follower)
  const messageChanges = new MessageChangeService(db, usage, follower)
  const imports = new ImportService(db, organizations, usage, follower)
  const hub = new WatchHub(bus, new WatchGate(db))
  const backfills = new BackfillService(db, hub)
  const builder = new StoreBuilder(bus)
  const reembeddings = new ReembeddingService(db, bus, embedders, builder, links, hub)
  const reembeddingSwitch = new ReembeddingSwitch(db, bus, builder, links)
  const spaces = new SpaceService(db, bus, removal, builder, embedders.standard)
  const spaceHealth = new SpaceHealthService(db)
  const spaceRepair = new SpaceRepair(db, links)
  const control = new BackfillControl(db, bus, backfills, links)
  const search = new SearchService(db, links, new VectorSearch(db), new KeywordSearch(db))
  const threadSearch = new ThreadSearchService(db)
  const backupStore = openBackupStore(config)
  const backups = new ThreadBackups(db, backupStore, outbox)
  const deletion = new DeletionService(db, bus, usage, purges, backups, info, retentionDays)
  const bulkDeletion = new BulkDeletionService(db, bus, usage, retentionDays)
  const restoration = new RestorationService(db, bus, usage, links)
  const deletionWatcher = new DeletionWatcher(db, hub)
  const legalHolds = new LegalHoldService(db, bus)
  const administration = new AdministrationService(db, outbox)
  return {
    usage,
    authenticator,
    apiKeys,
    organizations,
    memberships,
    projects,
    threads,
    runs,
    links,
    messages,
    messageChanges,
    imports,
    backfills,
    spaces,
    control,
    search,
    threadSearch,
    deletion,
    bulkDeletion,
    restoration,
    embedders,
    reembeddings,
    reembeddingSwitch,
    spaceHealth,
    spaceRepair,
    backupStore,
    purges,
    removal,
    deletionWatcher,
    legalHolds,
    administration,
  }
}

function openBackupStore({ backup: { directory, s3 } }: Config): BackupStore {
  return s3 === null ? new DirectoryBackupStore(directory) : new S3BackupStore(s3)
}
