import { RequestError } from '../../errors/index.ts';

/** An error with Docker's words `template parsing error`, which scripts know. */
export class TemplateError extends RequestError {
  constructor(message: string, hint?: string) {
    super('ORLOP_E_USAGE', `template parsing error: ${message}`, { hint });
  }
}
