import { createMemoryStore } from './memory-store'
import { describePetStorePromises } from './pet-store-promises'

describePetStorePromises('the memory store', createMemoryStore)
