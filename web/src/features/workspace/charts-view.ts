import { useCallback, useMemo } from "react";
import { useAddress } from "../../lib/address";
import { type ChartView, list, readView, writeZoom } from "../../lib/chart-view";

export interface ChartsState {
  view: ChartView;
  set: (changes: Record<string, string | undefined>) => void;
  zoom: (window: ChartView["zoom"]) => void;
  pin: (metric: string) => void;
}

/** How the charts are drawn, as the address says, and how to change it. */
export function useChartView(): ChartsState {
  const [address, change] = useAddress();
  const view = useMemo(() => readView(address), [address]);
  const zoom = useCallback((window: ChartView["zoom"]) => change({ zoom: writeZoom(window) }), [change]);
  const { pinned } = view;
  const pin = useCallback((metric: string) => change({ pins: list(pinned.includes(metric) ? pinned.filter((each) => each !== metric) : [...pinned, metric]) }), [change, pinned]);
  return { view, set: change, zoom, pin };
}
