// The list of projects.
import { Link } from 'react-router';
import { projects } from '../product.js';

export default function ProjectsPage() {
  return (
    <>
      <h1>Projects</h1>
      <div className="cards">
        {projects.map(({ id, name, apps }) => (
          <Link key={id} className="card" to={`/projects/${id}`}>
            <h2>{name}</h2>
            {apps.length} applications
          </Link>
        ))}
      </div>
    </>
  );
}
