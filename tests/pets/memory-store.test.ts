import { describePetStorePromises } from '../store/pet-store-promises'
import { MemoryStore } from './memory-store'

describePetStorePromises('the store in memory that tests use', () => new MemoryStore())
