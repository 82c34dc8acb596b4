declare module "virtual:guides" {
  export const list: import("./blocks").GuideListed[];
  export const load: Record<string, () => Promise<{ blocks: import("./blocks").Block[] }>>;
}
