// The applications of a project.
import { Link, useParams } from 'react-router';
import { projectOf } from '../product.js';
import Sparkline from '../Sparkline.jsx';

export default function ProjectPage() {
  const { project } = useParams();
  const shown = projectOf(project);
  return (
    <>
      <h1>
        {shown?.name ?? 'No such project'}
        <Link className="button" to="settings">
          Settings
        </Link>
      </h1>
      <div className="cards">
        {shown?.apps.map(({ id, name, load }) => (
          <Link key={id} className="card" to={`apps/${id}`}>
            <h2>{name}</h2>
            <Sparkline values={load} />
          </Link>
        ))}
      </div>
    </>
  );
}
