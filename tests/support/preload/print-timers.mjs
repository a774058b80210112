// Preloaded into a server (node --import): at SIGUSR2 the number of its timers that are running is printed.
process.on('SIGUSR2', () => {
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')
  console.info(`TIMERS ${timers.length};`)
})
