// The page for unknown paths.
import { Link } from 'react-router';

export default function NoPage() {
  return (
    <>
      <h1>Nothing here</h1>
      <p>This page does not exist.</p>
      <Link className="button" to="/">
        Projects
      </Link>
    </>
  );
}
