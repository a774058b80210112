import {
  type ApiNodeProps,
  BaseHandle,
  BaseNode,
  type CronNodeProps,
  type EventNodeProps,
  Position,
} from '@motiadev/workbench'
import { useEffect, useRef } from 'react'

type StepNodeProps = ApiNodeProps | EventNodeProps | CronNodeProps

/** Returns the kind of a step, which determines its colour, and its trigger. */
const triggerOf = ({ data }: StepNodeProps): { variant: 'api' | 'event' | 'cron'; text: string } => {
  if ('cronExpression' in data) return { variant: 'cron', text: `cron ${data.cronExpression}` }
  if ('webhookUrl' in data && data.webhookUrl) return { variant: 'api', text: data.webhookUrl }
  const count = data.subscribes?.length ?? 0
  return { variant: 'event', text: `on ${count} ${count === 1 ? 'topic' : 'topics'}` }
}

/**
 * A step in the flow view: icon, name, trigger and a button that opens its code. It is so small that all steps are
 * readable at once. The description is its tooltip.
 */
export const Node = (props: StepNodeProps) => {
  const { data } = props
  const { variant, text } = triggerOf(props)
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // The Workbench's button has an icon but no accessible name.
    ref.current?.querySelector('button')?.setAttribute('aria-label', `Show the code of ${data.name}`)
  }, [data.name])
  const topics = 'cronExpression' in data ? [] : (data.subscribes ?? [])
  return (
    <div className="step-node" ref={ref} title={[data.description, ...topics].join('\n')}>
      {/* Its own handles, because the edges of a column use the upper and lower sides. The unnamed one comes first. */}
      <BaseNode data={data} title={data.name} variant={variant} disableSourceHandle disableTargetHandle>
        <div className="step-node-trigger">{text}</div>
        {topics.length > 0 && (
          <>
            <BaseHandle type="target" position={Position.Left} />
            <BaseHandle type="target" id="top" position={Position.Top} />
            <BaseHandle type="target" id="bottom" position={Position.Bottom} />
          </>
        )}
        {data.emits.length > 0 && (
          <>
            <BaseHandle type="source" position={Position.Right} />
            <BaseHandle type="source" id="top" position={Position.Top} />
            <BaseHandle type="source" id="bottom" position={Position.Bottom} />
          </>
        )}
      </BaseNode>
    </div>
  )
}
