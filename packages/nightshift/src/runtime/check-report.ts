import type { ReportDraft } from '@nightshift/domain';
import type { AgentReport } from '../agent.ts';
import { AgentError } from './agent-error.ts';
import { toJson } from './to-json.ts';

/** A report as it is filed. @throws AgentError `report-invalid`, `not-json` */
export function checkReport(report: AgentReport): ReportDraft {
  if (typeof report?.title !== 'string' || typeof report.body !== 'string') {
    throw new AgentError('report-invalid', 'a report has a title and a body, both text');
  }
  return {
    title: report.title,
    body: report.body,
    data: toJson(report.data, 'the data of the report'),
    notify: report.notify === true,
  };
}
