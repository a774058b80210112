// Preloaded into a server (node --import): it is killed (kill -9) at the moment when it would respond with a 201.
import { ServerResponse } from 'node:http'

const { end } = ServerResponse.prototype
ServerResponse.prototype.end = function (...args) {
  if (this.statusCode === 201) process.kill(process.pid, 'SIGKILL')
  return end.apply(this, args)
}
