// The frame around every page.
import { useSyncExternalStore } from 'react';
import { Link, Outlet } from 'react-router';
import { sizeAt } from './breakpoints.js';
import CountingSwitch from './CountingSwitch.jsx';

function onResize(changed) {
  addEventListener('resize', changed);
  return () => removeEventListener('resize', changed);
}

export default function App() {
  const width = useSyncExternalStore(onResize, () => innerWidth);
  return (
    <>
      <header>
        <Link to="/">Harbour</Link>
      </header>
      <main>
        <Outlet />
      </main>
      <footer>
        <span>
          Display size <b className="chip">{sizeAt(width)}</b> at {width} px
        </span>
        <CountingSwitch />
      </footer>
    </>
  );
}
