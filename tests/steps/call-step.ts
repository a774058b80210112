import type { ApiMiddleware, ApiRequest, ApiResponse, ApiRouteConfig, FlowContext } from 'motia'
import type { EmittedEvent } from './fake-context'

/** The module of an API step. */
export interface ApiStep<Body = unknown> {
  config: ApiRouteConfig
  handler: (request: ApiRequest<Body>, context: FlowContext<EmittedEvent>) => Promise<ApiResponse<number, unknown>>
}

/** The module of an event step. */
export interface EventStep<Input = unknown> {
  handler: (input: Input, context: FlowContext<EmittedEvent>) => Promise<void>
}

/** The module of a cron step. */
export interface CronStep {
  handler: (context: FlowContext<EmittedEvent>) => Promise<void>
}

/** A client's request: the `id` in its path, a query, headers, and a body, as a value or as the text that is sent. */
interface Sent {
  id?: string
  query?: Record<string, string | string[]>
  body?: unknown
  text?: string
  headers?: Record<string, string>
}

// A request can contain anything, whatever the step's type says, and so can the result of `JSON.parse`.
const overTheWire = (value: unknown, text = JSON.stringify(value)) =>
  text === undefined ? undefined : JSON.parse(text)

/** Returns the response of the step's middleware and handler, composed as Motia composes them. */
export const callApi = <Body>(
  { config, handler }: ApiStep<Body>,
  { id, query = {}, body, text, headers = {} }: Sent,
  context: FlowContext<EmittedEvent>,
): Promise<ApiResponse<number, unknown>> => {
  const request: ApiRequest<Body> = {
    pathParams: id === undefined ? {} : { id },
    queryParams: query,
    headers,
    body: overTheWire(body, text),
    rawBody: text ?? JSON.stringify(body) ?? '',
  }
  const middleware: ApiMiddleware<Body, EmittedEvent, unknown>[] = config.middleware ?? []
  const chain = middleware.reduceRight<() => Promise<ApiResponse<number, unknown>>>(
    (next, layer) => () => layer(request, context, next),
    () => handler(request, context),
  )
  return chain()
}

/** Passes a message to the step, as the queue would. */
export const callEvent = <Input>(
  { handler }: EventStep<Input>,
  data: unknown,
  context: FlowContext<EmittedEvent>,
): Promise<void> => handler(overTheWire(data), context)
