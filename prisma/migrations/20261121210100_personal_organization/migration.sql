-- AlterTable
ALTER TABLE "organization" ADD COLUMN     "personal_user_id" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "organization_personal_user_id_key" ON "organization"("personal_user_id");

-- Those that were made for a thread without an organization, and that still belong to one user alone. The oldest of each.
update "organization" o set "personal_user_id" = alone.user_id
from (
  select distinct on (m.user_id) m.user_id, m.organization_id
  from "member" m join "organization" p on p.id = m.organization_id and p.name = 'Personal'
  where m.role = 'OWNER' and not exists (
    select 1 from "member" x where x.organization_id = m.organization_id and x.user_id <> m.user_id)
  order by m.user_id, p.created_at, p.id) alone
where o.id = alone.organization_id;
