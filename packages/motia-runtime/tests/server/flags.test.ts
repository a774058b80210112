import { expect, test } from 'vitest'
import { environmentOf } from '../../src/server/flags'

test.each([
  [['-p', '4210'], { PORT: '4210' }],
  [['-p4210'], { PORT: '4210' }],
  [['--port', '4210'], { PORT: '4210' }],
  [['--port=4210'], { PORT: '4210' }],
  [['-H', '::1'], { HOST: '::1' }],
  [['--host=::1', '-p', '4210'], { PORT: '4210', HOST: '::1' }],
  [[], {}],
])('When the arguments are %j, then they are the variables %j', (args, variables) => {
  expect(environmentOf(args)).toEqual(variables)
})

test.each([[['--prot=4210']], [['4210']], [['--port']]])(
  'When the arguments are %j, then one line says what is allowed',
  (args) => {
    expect(() => environmentOf(args)).toThrow(
      `${args.join(' ')}: the only options are --port (-p) and --host (-H), each with a value`,
    )
  },
)

test('When the arguments were meant for the command line of Motia, then its other options are left out', () => {
  expect(environmentOf(['--debug', '--port=4210', '-v'], { strict: false })).toEqual({ PORT: '4210' })
})
