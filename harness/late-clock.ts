// A module to preload into a server process: it sets the clock of its machine half a minute back.
const onTime = Date.now
Date.now = () => onTime() - 30_000
