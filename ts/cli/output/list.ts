import type { Listing } from '../../api/types.ts';
import { RequestError } from '../../errors/index.ts';
import type { Io } from '../io.ts';
import { compileTemplate } from '../template/render.ts';
import { notify } from './report.ts';
import { alignColumns, printable } from './table.ts';

export interface Column {
  readonly header: string;
  /** Field of the row. */
  readonly field: string;
}

export interface ListStyle {
  readonly columns: readonly Column[];
  /** Headers of fields without a column, for `table TEMPLATE`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly format: string | undefined;
  /** Field to print alone. */
  readonly only: string | undefined;
}

/** Texts of all fields that a template may name, and methods that it may call: `{{.Label "key"}}`. */
export type Row = Readonly<Record<string, string | Method>>;
type Method = (argument: string) => string;

/** The fields of the labels of an object. */
export function labelFields(labels: Readonly<Record<string, string>>): Row {
  return {
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key) => (Object.hasOwn(labels, key) ? (labels[key] ?? '') : ''),
  };
}

/** The header of a column with one label: its last part, as in Docker. */
function labelHeader(key: string): string {
  return (key.split('.').at(-1) ?? '').replace(/[-_]/g, ' ');
}

function cell(row: Row, field: string): string {
  const value = row[field];
  return typeof value === 'string' ? value : '';
}

/** Prints rows in Docker's forms: a table, `json`, a template, `table TEMPLATE`, or one field. */
export function printList(io: Io, rows: readonly Row[], style: ListStyle): void {
  io.stdout.write(listText(rows, style));
}

function listText(rows: readonly Row[], { columns, headers, format, only }: ListStyle): string {
  if (only !== undefined) return rows.map((row) => `${cell(row, only)}\n`).join('');
  const cells = (row: Row): string[] => columns.map(({ field }) => printable(cell(row, field)));
  if (format === undefined || format === 'table') {
    return alignColumns([columns.map(({ header }) => header), ...rows.map(cells)]);
  }
  if (format === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const table = /^table\s+(.*)$/s.exec(format)?.[1];
  const render = compileTemplate(table ?? format);
  if (table === undefined) return rows.map((row) => `${render(row)}\n`).join('');
  const head = {
    Label: labelHeader,
    ...headers,
    ...Object.fromEntries(columns.map(({ field, header }) => [field, header])),
  };
  return alignColumns([head, ...rows].map((row) => render(row).split('\t').map(printable)));
}

/** Reports damaged records; the listing shows the others. */
export function warnDamaged(io: Io, { damaged }: Listing<unknown>): void {
  for (const notice of damaged) notify(io, notice);
}

/**
 * Checks a format; the first of `formats` is the default.
 *
 * @throws {RequestError} ORLOP_E_USAGE
 */
export function onlyFormat<Format extends string>(given: string | undefined, formats: readonly Format[]): Format {
  const found = given === undefined ? formats[0] : formats.find((format) => format === given);
  if (found !== undefined) return found;
  throw new RequestError('ORLOP_E_USAGE', `there is no format '${given}'`, {
    hint: `formats are ${formats.join(', ')}`,
  });
}
