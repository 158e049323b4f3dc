import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config/config.js'
import { problemsOf } from './config.fixture.js'

test('backups go to a directory, or to a bucket with a key or with the credentials of the machine', () => {
  expect(loadConfig({ BACKUP_DIR: '/backups', DATA_DIR: '/data' }).backup).toEqual({
    directory: '/backups',
    s3: null,
  })
  expect(loadConfig({ BACKUP_S3_BUCKET: 'threads' }).backup.s3).toEqual({
    bucket: 'threads',
    endpoint: null,
    region: 'us-east-1',
    credentials: null,
  })
  expect(
    loadConfig({
      BACKUP_S3_BUCKET: 'threads',
      BACKUP_S3_ENDPOINT: 'https://store.test',
      BACKUP_S3_REGION: 'eu-1',
      BACKUP_S3_ACCESS_KEY_ID: 'id',
      BACKUP_S3_SECRET_ACCESS_KEY: 'secret',
    }).backup.s3,
  ).toEqual({
    bucket: 'threads',
    endpoint: 'https://store.test',
    region: 'eu-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  })
})
test.each([
  [
    { BACKUP_S3_BUCKET: 'b', BACKUP_S3_ACCESS_KEY_ID: 'id' },
    'BACKUP_S3_ACCESS_KEY_ID is set without BACKUP_S3_SECRET_ACCESS_KEY: set both or neither.',
  ],
  [
    { BACKUP_S3_BUCKET: 'b', BACKUP_S3_SECRET_ACCESS_KEY: 'key' },
    'BACKUP_S3_SECRET_ACCESS_KEY is set without BACKUP_S3_ACCESS_KEY_ID: set both or neither.',
  ],
  [
    { BACKUP_S3_ENDPOINT: 'https://store.test' },
    'Settings of an S3-compatible backup store are set without its bucket: set BACKUP_S3_BUCKET too.',
  ],
  [
    { BACKUP_S3_BUCKET: 'b', BACKUP_DIR: '/backups' },
    'Both BACKUP_DIR and BACKUP_S3_BUCKET are set: set only one of them.',
  ],
])('half a place for backups, or two, are refused: %j', (environment, problem) => {
  expect(problemsOf(environment)).toEqual([problem])
})
