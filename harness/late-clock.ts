// Preloaded into a server process, this module sets the clock of its machine back by half a minute.
const onTime = Date.now
Date.now = () => onTime() - 30_000
