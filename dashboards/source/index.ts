// The files that are generated, by name.

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { duties } from './duties';
import { operations } from './operations';
import { overview } from './overview';
import { profile } from './profile';

export const DASHBOARDS: Record<string, () => Dashboard> = {
  'overview.json': overview,
  'profile.json': profile,
  'duties.json': duties,
  'operations.json': operations,
};
