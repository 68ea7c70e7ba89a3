import { RequestError } from '../../errors/index.ts';

/** The words `template parsing error` are those that scripts know from Docker. */
export class TemplateError extends RequestError {
  constructor(message: string, hint?: string) {
    super('ORLOP_E_USAGE', `template parsing error: ${message}`, { hint });
  }
}
