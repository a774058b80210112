import './flow-view.css'

export const PetsPage = () => <div>Pets</div>
