/**
 * A stream whose sockets and timers the test holds, an engine's api that remembers what was asked, and builders of wire values.
 */
import { IEngineApi } from '../src/api/engineApi';
import { ISocket, LiveStream } from '../src/api/streamSocket';
import {
  IDifference,
  IEnvironment,
  IEnvironmentLife,
  IHostFacts,
  IFunctionDetail,
  IInvocationRecord,
  IInvokeAnswer,
  ILogEvent,
  IMetrics,
  ISavedTestEvent,
  ISetting,
  Message
} from '../src/api/wire';
import { EngineModel } from '../src/services/engineModel';

export class FakeSocket implements ISocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  isClosed = false;

  constructor(readonly query: string) {}

  say(message: Message | string): void {
    const data =
      typeof message === 'string' ? message : JSON.stringify(message);
    this.onmessage?.({ data });
  }

  close(): void {
    this.isClosed = true;
    this.onclose?.();
  }
}

export class Wires {
  readonly sockets: FakeSocket[] = [];
  readonly waits: { callback: () => void; ms: number; off: boolean }[] = [];

  readonly stream = new LiveStream({
    connect: query => {
      const socket = new FakeSocket(query);
      this.sockets.push(socket);
      return socket;
    },
    later: (callback, ms) => {
      const wait = { callback, ms, off: false };
      this.waits.push(wait);
      return () => {
        wait.off = true;
      };
    }
  });

  get socket(): FakeSocket {
    return this.sockets[this.sockets.length - 1];
  }

  /** Let the last wait end. */
  wake(): void {
    this.waits[this.waits.length - 1].callback();
  }
}

export class FakeApi implements IEngineApi {
  readonly asked: string[] = [];
  records: IInvocationRecord[] = [];
  living: IEnvironmentLife[] = [];
  facts = {
    system: 'Linux',
    memory_mib: 4000,
    docker: { answers: false, note: 'no daemon' }
  } as IHostFacts;
  events: ILogEvent[] = [];
  refusal: Error | null = null;
  answer: Promise<IInvokeAnswer> | null = null;

  private _note(text: string): void {
    this.asked.push(text);
    if (this.refusal) {
      throw this.refusal;
    }
  }
  async startEngine(): Promise<void> {
    this._note('start');
  }
  async stopEngine(): Promise<void> {
    this._note('stop');
  }
  async engineLog(): Promise<string> {
    return '';
  }
  async doctor(): Promise<IHostFacts> {
    this._note('doctor');
    return this.facts;
  }
  async settings(): Promise<ISetting[]> {
    return [
      { name: 'idle_seconds', value: '60', default: '1800', accepts: 'a number', description: 'When it ends.' },
      { name: 'concurrency', value: '1000', default: '1000', accepts: 'a number', description: 'At once.' }
    ];
  }
  async configure(name: string, options: object): Promise<void> {
    this._note(`configure ${name} ${JSON.stringify(options)}`);
  }
  async reserve(name: string, concurrency: number | null): Promise<void> {
    this._note(`reserve ${name} ${concurrency}`);
  }
  async lives(name: string): Promise<IEnvironmentLife[]> {
    this._note(`lives ${name}`);
    return this.living;
  }
  async publish(name: string): Promise<void> {
    this._note(`publish ${name}`);
  }
  async setAlias(name: string, alias: string): Promise<void> {
    this._note(`alias ${name} ${alias}`);
  }
  async deleteFunction(name: string): Promise<void> {
    this._note(`delete ${name}`);
  }
  async invoke(
    name: string,
    event: string,
    qualifier: string
  ): Promise<IInvokeAnswer> {
    this._note(`invoke ${name} ${event} ${qualifier}`);
    return this.answer ?? { record: record(), payload: event, log: '' };
  }
  async cancel(requestId: string): Promise<void> {
    this._note(`cancel ${requestId}`);
  }
  async endEnvironment(id: string): Promise<void> {
    this._note(`end ${id}`);
  }
  async invocations(
    name: string,
    before?: number
  ): Promise<IInvocationRecord[]> {
    this._note(`invocations ${name} ${before ?? ''}`.trim());
    return this.records.filter(
      r => before === undefined || (r.arrived ?? 0) < before
    );
  }
  async invocation(
    requestId: string
  ): Promise<{ record: IInvocationRecord; log: string }> {
    return { record: record({ request_id: requestId }), log: 'a log' };
  }
  async logs(name: string, since: number): Promise<ILogEvent[]> {
    this._note(`logs ${name} ${since}`);
    return this.events.filter(e => e.sequence > since);
  }
  async metrics(name: string): Promise<IMetrics> {
    this._note(`metrics ${name}`);
    return { invocations: 7, gb_seconds: 1, cost_usd: 0.00002 } as IMetrics;
  }
  saved: ISavedTestEvent[] = [];
  async testEvents(name: string): Promise<ISavedTestEvent[]> {
    this._note(`test-events ${name}`);
    return [...this.saved];
  }
  async putTestEvent(name: string, eventName: string, event: string): Promise<void> {
    this._note(`put ${name} ${eventName} ${event}`);
  }
  async deleteTestEvent(name: string, eventName: string): Promise<void> {
    this._note(`remove ${name} ${eventName}`);
  }
  async difference(): Promise<IDifference> {
    return { before: '1', after: '2', configuration: {}, source: '' };
  }
}

export const NOW = 1_800_000_000;

export function engine(wires: Wires, api = new FakeApi()): EngineModel {
  return new EngineModel({
    stream: wires.stream,
    api,
    now: () => NOW * 1000
  });
}

export function up(
  id = 'e-1',
  members: object = {},
  resumed = false
): Message {
  return {
    type: 'engine',
    state: 'up',
    resumed,
    engine: { id, protocol: 1, version: '0.1.0', ...members },
    bridge: { version: '0.1.0', protocol: 1 }
  } as Message;
}

export const DOWN = {
  type: 'engine',
  state: 'down',
  may_start: true,
  bridge: { version: '0.1.0', protocol: 1 }
} as Message;

export function functionDetail(name = 'f', memory = 128): IFunctionDetail {
  const configuration = { memory_mib: memory, timeout_seconds: 3 };
  return {
    function: {
      name,
      latest: { function_name: name, version: '$LATEST', configuration, source: '' },
      notebook: null,
      last_version: 1,
      reserved_concurrency: null
    },
    versions: [],
    aliases: [],
    unpublished_changes: false
  } as unknown as IFunctionDetail;
}

export function record(
  members: Partial<IInvocationRecord> = {}
): IInvocationRecord {
  return {
    request_id: 'r-1',
    function_name: 'f',
    version: '$LATEST',
    arrived: NOW - 1,
    duration_ms: 10,
    ...members
  };
}

export function environment(
  members: Partial<IEnvironment> = {}
): IEnvironment {
  return {
    environment_id: 'env-1',
    function_name: 'f',
    version: '$LATEST',
    revision_id: '1',
    state: 'idle',
    sandbox: 'process',
    started: NOW - 5,
    invocations: 1,
    memory_mib: 128,
    held_mib: 10,
    pid: 1,
    init_ms: 1,
    ended: null,
    reason: '',
    ...members
  };
}

export function snapshot(number: number, members: object = {}): Message {
  return {
    type: 'snapshot',
    number,
    status: { pid: 1 },
    functions: [functionDetail()],
    environments: [],
    invocations: [],
    ...members
  } as unknown as Message;
}

export function changes(number: number, members: object = {}): Message {
  return { type: 'changes', number, ...members } as Message;
}
