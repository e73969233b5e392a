// The state of an application.
import { useLocation, useParams } from 'react-router';
import { appOf, reports } from '../product.js';
import Sparkline from '../Sparkline.jsx';
import Tabs from '../Tabs.jsx';

export default function AppPage() {
  const { project, app } = useParams();
  const { pathname } = useLocation();
  const shown = appOf(project, app);
  return (
    <>
      <h1>{shown?.name ?? 'No such application'}</h1>
      <Tabs first="Overview" others={reports} />
      <div className="card">
        {reports.find((report) => pathname.endsWith(`/${report}`)) ?? 'requests a second'}
        {shown && <Sparkline values={shown.load} />}
      </div>
    </>
  );
}
