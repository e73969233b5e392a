// Links to the tabs of a page.
import { NavLink } from 'react-router';

export default function Tabs({ first, others }) {
  return (
    <nav>
      <NavLink to="." end>
        {first}
      </NavLink>
      {others.map((name) => (
        <NavLink key={name} to={name}>
          {name}
        </NavLink>
      ))}
    </nav>
  );
}
