/**
 * What can be asked of the engine, whatever carries the requests: Jupyter's server for a page, a widget's comm elsewhere.
 */
import {
  IDifference,
  IEnvironmentLife,
  IHostFacts,
  IInvocationRecord,
  IInvokeAnswer,
  ILogEvent,
  IMetrics,
  ISavedTestEvent,
  ISetting
} from './wire';

/** What services ask of the engine; tests give one of their own. */
export interface IEngineApi {
  startEngine(): Promise<void>;
  stopEngine(): Promise<void>;
  engineLog(): Promise<string>;
  /** Look at the engine's machine; takes it some 100 ms. */
  doctor(): Promise<IHostFacts>;
  settings(): Promise<ISetting[]>;
  configure(name: string, options: { [member: string]: unknown }): Promise<void>;
  /** Cap a function and keep room for it; null takes that back. */
  reserve(name: string, concurrency: number | null): Promise<void>;
  publish(name: string): Promise<void>;
  setAlias(
    name: string,
    alias: string,
    version: string,
    additional: string | null,
    weight: number
  ): Promise<void>;
  deleteFunction(name: string): Promise<void>;
  invoke(
    name: string,
    event: string,
    qualifier: string,
    requestId: string
  ): Promise<IInvokeAnswer>;
  cancel(requestId: string): Promise<void>;
  endEnvironment(id: string): Promise<void>;
  invocations(name: string, before?: number): Promise<IInvocationRecord[]>;
  invocation(
    requestId: string
  ): Promise<{ record: IInvocationRecord; log: string }>;
  /** What a function's environments did after a time (epoch seconds). */
  lives(name: string, since: number): Promise<IEnvironmentLife[]>;
  logs(name: string, sinceSequence: number): Promise<ILogEvent[]>;
  metrics(name: string, since: number): Promise<IMetrics>;
  difference(name: string, before: string, after: string): Promise<IDifference>;
  testEvents(name: string): Promise<ISavedTestEvent[]>;
  putTestEvent(name: string, eventName: string, event: string): Promise<void>;
  deleteTestEvent(name: string, eventName: string): Promise<void>;
}

/** What the engine or the server refused: what happened, and what to do. */
export class EngineError extends Error {
  constructor(
    readonly kind: string,
    what: string,
    readonly suggestion: string
  ) {
    super(what);
  }
}

/**
 * Carries a request: the target is what stands below `jupyter-lambda/` on Jupyter's server. It throws where nobody answers.
 */
export type Transport = (
  method: string,
  target: string,
  body?: string
) => Promise<{ status: number; text: string }>;

export class EngineApi implements IEngineApi {
  constructor(private readonly _transport: Transport) {}

  async startEngine(): Promise<void> {
    await this._ask('POST', 'engine/start');
  }

  async stopEngine(): Promise<void> {
    await this._ask('POST', 'stop');
  }

  async engineLog(): Promise<string> {
    return (await this._ask<{ text: string }>('GET', 'engine/log')).text;
  }

  async doctor(): Promise<IHostFacts> {
    return this._ask('GET', 'doctor');
  }

  async settings(): Promise<ISetting[]> {
    return this._ask('GET', 'settings');
  }

  async configure(
    name: string,
    options: { [member: string]: unknown }
  ): Promise<void> {
    await this._ask('PATCH', `${path(name)}/configuration`, { options });
  }

  async reserve(name: string, concurrency: number | null): Promise<void> {
    await this._ask('PATCH', `${path(name)}/configuration`, {
      options: {},
      ...(concurrency === null
        ? { clear_reserved_concurrency: true }
        : { reserved_concurrency: concurrency })
    });
  }

  async publish(name: string): Promise<void> {
    await this._ask('POST', `${path(name)}/versions`, {});
  }

  async setAlias(
    name: string,
    alias: string,
    version: string,
    additional: string | null,
    weight: number
  ): Promise<void> {
    await this._ask(
      'PUT',
      `${path(name)}/aliases/${encodeURIComponent(alias)}`,
      {
        version,
        additional_version: additional,
        additional_weight: weight
      }
    );
  }

  async deleteFunction(name: string): Promise<void> {
    await this._ask('DELETE', path(name));
  }

  async invoke(
    name: string,
    event: string,
    qualifier: string,
    requestId: string
  ): Promise<IInvokeAnswer> {
    const query = new URLSearchParams({ qualifier, request_id: requestId });
    return this._ask<IInvokeAnswer>(
      'POST',
      `${path(name)}/invoke?${query}`,
      event
    );
  }

  async cancel(requestId: string): Promise<void> {
    await this._ask(
      'POST',
      `invocations/${encodeURIComponent(requestId)}/cancel`
    );
  }

  async endEnvironment(id: string): Promise<void> {
    await this._ask('DELETE', `environments/${encodeURIComponent(id)}`);
  }

  async invocations(
    name: string,
    before?: number
  ): Promise<IInvocationRecord[]> {
    const query = before === undefined ? '' : `&before=${before}`;
    const page = await this._ask<{ invocations: IInvocationRecord[] }>(
      'GET',
      `${path(name)}/invocations?limit=100${query}`
    );
    return page.invocations;
  }

  async invocation(
    requestId: string
  ): Promise<{ record: IInvocationRecord; log: string }> {
    return this._ask('GET', `invocations/${encodeURIComponent(requestId)}`);
  }

  async lives(name: string, since: number): Promise<IEnvironmentLife[]> {
    return this._ask('GET', `${path(name)}/environments?since=${since}`);
  }

  async logs(name: string, sinceSequence: number): Promise<ILogEvent[]> {
    return this._ask(
      'GET',
      `${path(name)}/logs?limit=200&since_sequence=${sinceSequence}`
    );
  }

  async metrics(name: string, since: number): Promise<IMetrics> {
    return this._ask('GET', `${path(name)}/metrics?since=${since}`);
  }

  async difference(
    name: string,
    before: string,
    after: string
  ): Promise<IDifference> {
    const query = new URLSearchParams({ before, after });
    return this._ask('GET', `${path(name)}/difference?${query}`);
  }

  async testEvents(name: string): Promise<ISavedTestEvent[]> {
    return this._ask('GET', `${path(name)}/test-events`);
  }

  async putTestEvent(
    name: string,
    eventName: string,
    event: string
  ): Promise<void> {
    await this._ask('PUT', `${path(name)}/test-events/${encodeURIComponent(eventName)}`, event);
  }

  async deleteTestEvent(name: string, eventName: string): Promise<void> {
    await this._ask('DELETE', `${path(name)}/test-events/${encodeURIComponent(eventName)}`);
  }

  /** Ask below `jupyter-lambda/`; a string goes as it is, everything else as JSON. */
  private async _ask<T>(
    method: string,
    target: string,
    body?: unknown
  ): Promise<T> {
    const content =
      body === undefined
        ? undefined
        : typeof body === 'string'
          ? body
          : JSON.stringify(body);
    let answer: { status: number; text: string };
    try {
      answer = await this._transport(method, target, content);
    } catch {
      throw new EngineError(
        'ServerUnreachable',
        'Jupyter’s server doesn’t answer',
        'Is it running?'
      );
    }
    const { status, text } = answer;
    if (status >= 400) {
      throw refusal(status, text);
    }
    return (text === '' ? null : JSON.parse(text)) as T;
  }
}

function path(name: string): string {
  return `functions/${encodeURIComponent(name)}`;
}

function refusal(status: number, text: string): EngineError {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      const members = body as { [member: string]: unknown };
      const where = members['where'] ? `${members['where']}: ` : '';
      const what = members['what'] ?? members['message'];
      return new EngineError(
        String(members['kind'] ?? ''),
        `${where}${what}`,
        String(members['suggestion'] ?? '')
      );
    }
  } catch {
    // Not JSON: a proxy's page, of which nobody reads more than the status.
  }
  return new EngineError('', `The server answered ${status}`, '');
}
