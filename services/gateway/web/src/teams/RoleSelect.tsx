import { ROLES, type Role } from "./queries";

interface Props {
  label: string;
  value: Role | "";
  /** A first choice that is no role, such as 'as in the team'. */
  none?: string;
  disabled?: boolean;
  onChange: (role: Role | "") => void;
}

export function RoleSelect({ label, value, none, disabled = false, onChange }: Props) {
  return (
    <select aria-label={label} value={value} disabled={disabled} onChange={(event) => onChange(event.target.value as Role | "")}>
      {none !== undefined && <option value="">{none}</option>}
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  );
}
