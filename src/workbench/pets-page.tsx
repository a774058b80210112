import './flow-view.css'
import './offline.css'

export const PetsPage = () => <div>Pets</div>
